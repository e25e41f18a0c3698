import java.io.File;
import java.net.URI;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import org.sbolstandard.core2.ComponentDefinition;
import org.sbolstandard.core2.SBOLDocument;
import org.sbolstandard.core2.SBOLReader;
import org.sbolstandard.core2.TopLevel;
import org.synbiohub.frontend.IdentifiedMetadata;
import org.synbiohub.frontend.SearchCriteria;
import org.synbiohub.frontend.SearchQuery;
import org.synbiohub.frontend.SynBioHubFrontend;

/**
 * Drives libSBOLj's SynBioHubFrontend through one session and prints what each call gave, a line each: its name, a tab,
 * the result or the exception. test_clients_libsbolj.py starts it and says what must come out.
 *
 * Arguments: address, URI prefix, user, password, folder of designs.
 */
public class LibSbolj {
    static final String ROLE = "http://identifiers.org/so/SO:0000167";

    static void call(String name, Callable<?> action) {
        Object result;
        try {
            result = action.call();
        } catch (Throwable error) {
            while (error.getCause() != null) {
                error = error.getCause();
            }
            result = error.getClass().getSimpleName() + " " + error.getMessage();
        }
        System.out.println(name + "\t" + String.valueOf(result).replace("\n", "\\n"));
    }

    static String ids(List<IdentifiedMetadata> rows) {
        Set<String> found = new TreeSet<>();
        for (IdentifiedMetadata row : rows) {
            found.add(row.getDisplayId());
        }
        return String.join(" ", found);
    }

    static String ids(SBOLDocument document) {
        if (document == null) {
            return "null";
        }
        Set<String> found = new TreeSet<>();
        for (TopLevel topLevel : document.getTopLevels()) {
            found.add(topLevel.getDisplayId());
        }
        return String.join(" ", found);
    }

    static SearchQuery query(int offset, int limit, String... pairs) {
        SearchQuery query = new SearchQuery();
        query.setCriteria(new ArrayList<>());
        query.setOffset(offset);
        query.setLimit(limit);
        for (int n = 0; n < pairs.length; n += 2) {
            SearchCriteria criterion = new SearchCriteria();
            criterion.setKey(pairs[n]);
            criterion.setValue(pairs[n + 1]);
            query.addCriteria(criterion);
        }
        return query;
    }

    static SBOLDocument read(String folder, String name) throws Exception {
        return SBOLReader.read(new File(folder, name));
    }

    public static void main(String[] arguments) throws Exception {
        String url = arguments[0];
        String prefix = arguments[1];
        String user = arguments[2];
        String password = arguments[3];
        String folder = arguments[4];
        SynBioHubFrontend hub = new SynBioHubFrontend(url, prefix);
        URI device = URI.create(prefix + "/public/demo/BBa_I13504/1");

        call("count", () -> hub.getCount("ComponentDefinition"));
        call("roots", () -> ids(hub.getRootCollectionMetadata()));
        URI demo = URI.create(prefix + "/public/demo/demo_collection/1");
        call("sub-collections", () -> ids(hub.getSubCollectionMetadata(demo)));
        call("sbol", () -> ids(hub.getSBOL(device)));
        call("sbolnr", () -> ids(hub.getSBOL(device, false)));
        call("parts of sbolnr", () -> {
            ComponentDefinition found = hub.getSBOL(device, false).getComponentDefinition(device);
            return found.getComponents().size() + " " + found.getSequenceAnnotations().size();
        });
        call("absent", () -> ids(hub.getSBOL(URI.create(prefix + "/public/demo/none/1"))));
        call("layout", () -> ids(hub.getSBOL(URI.create(prefix + "/public/demo/BBa_I13504_Layout/1"))));
        call("matching", () -> ids(hub.getMatchingComponentDefinitionMetadata(
                null, Set.of(URI.create(ROLE)), new HashSet<>(), new HashSet<>(), 0, 50)));
        call("matching in a collection", () -> ids(hub.getMatchingComponentDefinitionMetadata(
                "T1 ter", new HashSet<>(), new HashSet<>(),
                Set.of(URI.create(prefix + "/public/demo/terminators/1")), 0, 50)));
        call("search", () -> ids(hub.search(query(0, 50, "objectType", "ComponentDefinition", "role", ROLE))));
        call("search page", () -> hub.search(
                query(10, 50, "objectType", "ComponentDefinition")).size());
        call("search name", () -> ids(hub.search(
                query(0, 50, "objectType", "ComponentDefinition", "name", "anderson family"))));
        call("search count", () -> hub.searchCount(query(0, 50, "objectType", "ComponentDefinition", "role", ROLE)));
        call("wrong password", () -> {
            hub.login(user, "wrong");
            return "logged in";
        });

        call("login", () -> {
            hub.login(user, password);
            return hub.getUser().length();
        });
        call("create", () -> {
            hub.createCollection("java", "1", "Java", "Some parts", "1234567", false, read(folder, "promoter.xml"));
            return "created";
        });
        call("create again", () -> {
            hub.createCollection("java", "1", "Java", "Some parts", "", false, read(folder, "promoter.xml"));
            return "created";
        });
        call("create over", () -> {
            hub.createCollection("java", "1", "Java", "Some parts", "", true, read(folder, "promoter.xml"));
            return "created";
        });
        call("create empty", () -> {
            hub.createCollection("empty", "1", "Empty", "Nothing", "", false);
            return "created";
        });
        URI collection = URI.create(prefix + "/user/" + user + "/java/java_collection/1");
        call("add", () -> {
            hub.addToCollection(collection, false, read(folder, "device.xml"));
            return "added";
        });
        call("add changed", () -> {
            hub.addToCollection(collection, false, read(folder, "device_changed.xml"));
            return "added";
        });
        call("add over", () -> {
            hub.addToCollection(collection, true, read(folder, "device_changed.xml"));
            return "added";
        });
        call("own roots", () -> ids(hub.getRootCollectionMetadata()));
        call("own collections", () -> ids(hub.search(query(0, 10000, "objectType", "Collection"))));
        call("own members", () -> hub.searchCount(query(0, 50, "collection", collection.toString())));
        call("own sbol", () -> hub.getSBOL(collection).getTopLevels().size());
        URI changed = URI.create(prefix + "/user/" + user + "/java/BBa_B0034/1");
        call("own part", () -> hub.getSBOL(changed, false).getComponentDefinition(changed).getRoles().size());
        call("sparql", () -> hub.sparqlQuery(
                "SELECT ?t WHERE { <" + device + "> <http://purl.org/dc/terms/title> ?t }"));
        call("bad sparql", () -> hub.sparqlQuery("SELECT nonsense"));
        call("logout", () -> {
            hub.logout();
            return "logged out";
        });
        call("private", () -> ids(hub.getSBOL(collection)));
        call("private roots", () -> ids(hub.getRootCollectionMetadata()));
        System.exit(0);
    }
}
